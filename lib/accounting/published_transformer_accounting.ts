import { total, totalOfPart } from "./component.ts";
import { type Expression, product, substitute, sum } from "./expression.ts";
import { matrixProducts, trainingPositions } from "./matrix_products.ts";
import { modelPresets } from "./model_presets.ts";
import type { ModelShape } from "./model_shape.ts";
import { parameterComponents, parameterCount } from "./parameters.ts";
import type { Departure, PublishedFigure } from "./published_figure.ts";

const xl: ModelShape = modelPresets["gpt2-xl"];

/** The published parameters of one block: two norms, four attention matrices, three feed-forward matrices. */
const publishedBlock = sum(product(2, "d"), product(4, "d", "d"), product(3, "d_ff", "d"));

/** Published FLOPs of a forward pass, by the table's columns. */
export const publishedFlops = {
  /** Two matrix products with the vocabulary. */
  embedding: product(4, "V", "d", "c"),
  /** Scores, weighted sum and output projection. */
  attention: product("n", sum(product(2, "d", "c", "c"), product(2, "d", "c", "c"), product(2, "c", "d", "d"))),
  /** Three matrices. */
  feedForward: product("n", 6, "d", "d_ff", "c"),
  /** Of all, for d_ff = 4 d. */
  total: product("d", "c", sum(product(4, "V"), product("n", sum(product(26, "d"), product(4, "c"))))),
} as const satisfies Record<string, Expression>;

/** Forward FLOPs: the look-up of the input embedding taken for a matrix product. */
export const lookUpCounted: Departure = {
  verdict: "counted twice",
  what: "product with the vocabulary a second time, for the input embedding, which is a look-up",
  amount: product(2, "V", "d", "c"),
};

/** Forward FLOPs: three of the four projections of attention. */
export const projectionsLeftOut: Departure = {
  verdict: "left out",
  what: "query, key and value projections",
  amount: product(6, "n", "c", "d", "d"),
};

/**
 * Every number that was published for the problem transformer_accounting, (a) to (e), to be judged. FLOPs are of one
 * sequence, with attention over all keys.
 */
export function publishedTransformerAccounting(): PublishedFigure[] {
  const xlParameters = parameterComponents(xl);
  const parameters = (name: string, published: bigint, formula: Expression, full: Expression): PublishedFigure => ({
    problem: "(a)",
    name,
    model: xl,
    sequenceLength: xl.context_length,
    published,
    formula,
    departures: [],
    full,
  });
  const perBlock = sum(...xlParameters.filter(({ name }) => name.includes("*")).map(({ shape }) => product(...shape)));
  const finalNorm = xlParameters.filter(({ name }) => name === "ln_final.weight");
  const allParameters = sum(product("V", "d"), product("n", publishedBlock), "d", product("V", "d"));
  return [
    parameters("embedding", 80_411_200n, product("V", "d"), totalOfPart(xlParameters, "embedding")),
    parameters("block", 40_963_200n, publishedBlock, perBlock),
    parameters("final norm", 1_600n, product("d"), total(finalNorm)),
    parameters("output embedding", 80_411_200n, product("V", "d"), totalOfPart(xlParameters, "head")),
    parameters("parameters", 2_127_057_600n, allParameters, parameterCount(xl)),
    parameters("bytes in float32", 8_508_230_400n, product(4, allParameters), product(4, parameterCount(xl))),
    ...xlFlops(),
    ...row("GPT-2 small", modelPresets["gpt2-small"], {
      embedding: 158_094_852_096n,
      attention: 53_760_491_520n,
      feedForward: 173_946_175_488n,
      attentionSlip: "is 610,271,232 more than its formula gives",
    }),
    ...row("GPT-2 medium", modelPresets["gpt2-medium"], {
      embedding: 210_793_136_128n,
      attention: 154_618_822_656n,
      feedForward: 618_475_290_624n,
    }),
    ...row("GPT-2 large", modelPresets["gpt2-large"], {
      embedding: 263_491_420_160n,
      attention: 279_172_874_240n,
      feedForward: 1_288_490_188_800n,
      attentionSlip: "is that of 32 layers; GPT-2 large has 36",
      feedForwardSlip: "is that of 32 layers; GPT-2 large has 36",
    }),
    ...row("GPT-2 XL, sequence 16,384", { ...xl, context_length: 16_384 }, {
      embedding: 5_269_828_403_200n,
      attention: 86_489_903_923_200n,
      feedForward: 48_318_382_080_000n,
    }, "(e)"),
  ];
}

function xlFlops(): PublishedFigure[] {
  const matmuls = matrixProducts(xl, trainingPositions("full"));
  const ofForwardPass = { problem: "(b)", model: xl, sequenceLength: xl.context_length };
  return [
    {
      ...ofForwardPass,
      name: "input embedding FLOPs",
      published: 164_682_137_600n,
      formula: product(2, "V", "d", "c"),
      departures: [lookUpCounted],
      full: product(0),
    },
    {
      ...ofForwardPass,
      name: "output embedding FLOPs",
      published: 164_682_137_600n,
      formula: product(2, "V", "d", "c"),
      departures: [],
      full: withBatchOne(totalOfPart(matmuls, "head")),
    },
    {
      ...ofForwardPass,
      name: "forward FLOPs",
      published: 3_923_043_942_400n,
      formula: publishedFlops.total,
      departures: [projectionsLeftOut, lookUpCounted],
      full: withBatchOne(total(matmuls)),
    },
  ];
}

/** FLOPs of a batch as FLOPs of one sequence. */
function withBatchOne(flops: Expression): Expression {
  return substitute(flops, { b: product(1) });
}

interface PublishedRow {
  embedding: bigint;
  attention: bigint;
  feedForward: bigint;
  attentionSlip?: string;
  feedForwardSlip?: string;
}

function row(title: string, model: ModelShape, published: PublishedRow, problem = "(d)"): PublishedFigure[] {
  const matmuls = matrixProducts(model, trainingPositions("full"));
  const common = { problem, model, sequenceLength: model.context_length };
  return [
    {
      ...common,
      name: `${title}: embedding`,
      published: published.embedding,
      formula: publishedFlops.embedding,
      departures: [lookUpCounted],
      full: withBatchOne(totalOfPart(matmuls, "head")),
    },
    {
      ...common,
      name: `${title}: attention`,
      published: published.attention,
      formula: publishedFlops.attention,
      departures: [projectionsLeftOut],
      full: withBatchOne(totalOfPart(matmuls, "attention")),
      slip: published.attentionSlip,
    },
    {
      ...common,
      name: `${title}: feed-forward`,
      published: published.feedForward,
      formula: publishedFlops.feedForward,
      departures: [],
      full: withBatchOne(totalOfPart(matmuls, "feed-forward")),
      slip: published.feedForwardSlip,
    },
  ];
}
