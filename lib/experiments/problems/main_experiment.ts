import type { Conclusion } from "../answer.ts";
import { describeSpread } from "../describe.ts";
import type { Experiment } from "../experiment.ts";
import { compareSeeds, spreadOf } from "../noise.ts";
import { type ExperimentResults, resultOf } from "../results.ts";

const STORIES = "stories";
const PROSE = "prose of the web";

const WHY_MORE =
  " Prose has more words, subjects, names and formats, and so more entropy of its own; with the same size and the same " +
  "tokens a model learns its spelling and grammar, and little of what it says.";

/** Problem main_experiment: the same model on OpenWebText, beside TinyStories. */
export const mainExperiment: Experiment = {
  name: "main_experiment",
  title: "Prose of the web",
  question:
    "How do loss and generated text differ if the same model, with the same settings, learns OpenWebText, not TinyStories?",
  seeds: { smoke: 1, laptop: 2, handout: 1 },
  variants: (scale) => [
    { name: STORIES },
    // The handout's vocabulary for OpenWebText; smaller models would spend most of their parameters on it.
    { name: PROSE, text: "prose", change: scale === "handout" ? { model: { vocab_size: 32_000 } } : {} },
  ],
  conclude,
};

function conclude(results: ExperimentResults): Conclusion {
  const [stories, prose] = [resultOf(results, STORIES), resultOf(results, PROSE)];
  // A run that diverged has one as well, from before.
  const bits = ({ runs }: typeof stories) =>
    runs.flatMap(({ outcome }) => outcome.state === "finished" ? outcome.bits_per_byte ?? [] : []);
  const [a, b] = [bits(stories), bits(prose)];
  if (a.length === 0 || b.length === 0) {
    return { verdict: ["One of the two diverged, so that there is nothing to compare."] };
  }
  const { difference } = compareSeeds(a, b);
  const share = (100 * Math.abs(difference) / spreadOf(a).mean).toFixed(0);
  return {
    verdict: [
      `Stories: ${describeSpread(spreadOf(a))} bits per byte. Prose: ${describeSpread(spreadOf(b))}, ${share} % ${
        difference > 0 ? "more" : "less"
      }.` + (difference > 0 ? WHY_MORE : ""),
      `In nats per token, stories: ${describeSpread(spreadOf(stories.losses))}; prose: ${
        describeSpread(spreadOf(prose.losses))
      }. ` +
      "These two numbers are not on one scale: each text has a tokenizer of its own, and a token of one covers other " +
      "lengths of text than a token of the other. Bits per byte of text are on one scale.",
    ],
    samples: [stories, prose].flatMap(({ variant, runs }) => {
      const text = runs[0].sample;
      return text === undefined ? [] : [{ name: `The model of ${variant.name}`, text }];
    }),
  };
}
