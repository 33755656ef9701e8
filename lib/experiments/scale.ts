import type { ModelConfigInput } from "../model/config_fields.ts";
import type { TrainingConfig } from "../training/training_config.ts";

/** The sizes in which every experiment exists. */
export const scaleNames = ["smoke", "laptop", "handout"] as const;

/**
 * How large an experiment is. smoke: seconds, to see that everything works; laptop: an effect that can be seen, on two
 * cores; handout: the published setting, for a GPU.
 */
export type Scale = typeof scaleNames[number];

/** What all runs of a scale share unless a variant changes it. */
export interface ScaleSettings {
  /** One line for people. */
  about: string;
  /** The model. */
  model: ModelConfigInput;
  /** Of products and activations; float32 if left out. */
  precision?: TrainingConfig["precision"];
  /** The learning rate after the warm-up that the sweep found best at this scale. */
  learningRate: number;
  /** Muon's learning rate, where a variant trains with it. */
  muonLearningRate: number;
  /** Sequences in a batch. */
  batchSize: number;
  /** Tokens that every run trains on, whatever its batch size. */
  tokens: number;
  /** Sequences that every evaluation looks at, the same ones each time. */
  evaluationSequences: number;
  /** Evaluations in the course of a run. */
  evaluations: number;
  /** Size of the built-in stories where no text is given. */
  builtInBytes: number;
}

/** The settings of the scales; those of the handout are its sections 7.1 and 7.2. */
export const scales: Record<Scale, ScaleSettings> = {
  smoke: {
    about: "a few steps of a tiny model: shows that everything works, and nothing about language models",
    model: { vocab_size: 300, context_length: 16, num_layers: 1, d_model: 16, num_heads: 2 },
    learningRate: 1e-2,
    muonLearningRate: 0.02,
    batchSize: 4,
    tokens: 16 * 64,
    evaluationSequences: 8,
    evaluations: 4,
    builtInBytes: 1e5,
  },
  laptop: {
    about: "a model of a third of a million parameters and a million tokens: under a minute a run on one core",
    model: { vocab_size: 1024, context_length: 128, num_layers: 4, d_model: 64, num_heads: 4 },
    learningRate: 1e-2,
    muonLearningRate: 0.05,
    batchSize: 16,
    tokens: 1_024_000,
    evaluationSequences: 256,
    evaluations: 10,
    builtInBytes: 5e6,
  },
  handout: {
    about: "the handout's TinyStories model of 17 million parameters and its 327,680,000 tokens, for a GPU",
    model: { vocab_size: 10_000, context_length: 256, num_layers: 4, d_model: 512, num_heads: 16, d_ff: 1344 },
    learningRate: 1e-3,
    muonLearningRate: 0.02,
    batchSize: 128,
    tokens: 327_680_000,
    evaluationSequences: 1024,
    evaluations: 20,
    builtInBytes: 2e9,
  },
};

/** Tokens of a run in the handout's setting for machines without a large GPU (section 7.2). */
export const LOW_RESOURCE_TOKENS = 40_000_000;
