import type { MatmulArguments } from "../../lib/tensor/operations.ts";
import type { ThreadPool } from "./thread_pool.ts";
import type { Workspace } from "./workspace.ts";

// Columns of a panel of b, rows of a panel of a, and the depth of a block: as in assembly/panels.ts and
// assembly/matmul.ts.
const PANEL_COLUMNS = 8;
const PANEL_ROWS = 6;
const DEPTH = 512;

// Rows of a that are packed at a time: 96 x 512 floats stay in the second-level cache.
const BLOCK_ROWS = 96;

// At most this much of b is packed at a time.
const PACKED_BYTES = 1 << 25;

/** Up to so many rows, a product with a transposed b reads b as it is stored: packing would cost more than it saves. */
export const FEW_ROWS = 8;

// Rows of b that such a product reads side by side.
const FEW_ROWS_AT_ONCE = 4;

/**
 * c = alpha * op(a) op(b) + beta * c for matrices at three addresses: packs b, then multiplies blocks of c on all
 * threads, or, for few rows, takes dot products with b's stored rows. How the work is divided changes no bit.
 */
export function multiplyMatrices(
  pool: ThreadPool,
  workspace: Workspace,
  args: MatmulArguments,
  a: number,
  b: number,
  c: number,
): void {
  const { m, n, k, transposeA = false, transposeB = false, alpha = 1, beta = 0, batch = 1 } = args;
  const strideA = 4 * (args.strideA ?? (transposeA ? m : k));
  const strideB = 4 * (args.strideB ?? (transposeB ? k : n));
  const strideC = 4 * (args.strideC ?? n);
  const batchA = 4 * (args.batchStrideA ?? 0),
    batchB = 4 * (args.batchStrideB ?? 0),
    batchC = 4 * (args.batchStrideC ?? 0);
  const [rowA, columnA] = transposeA ? [4, strideA] : [strideA, 4];
  const [rowB, columnB] = transposeB ? [4, strideB] : [strideB, 4];

  if (transposeB && m <= FEW_ROWS && (!transposeA || m === 1 && strideA === 4)) {
    // A few chunks for each thread: of 64 K weights or more, so that taking one costs little beside reading it; and of
    // whole fours of rows, which are read side by side.
    const chunk = roundUp(Math.max(65536 / k, n / (4 * pool.threads)), FEW_ROWS_AT_ONCE);
    const stride = transposeA ? 0 : strideA;
    for (let matrix = 0; matrix < batch; matrix++) {
      const addresses = [a + matrix * batchA, stride, b + matrix * batchB, strideB, c + matrix * batchC, strideC];
      pool.run("matmulFewRows", n, chunk, ...addresses, m, k, alpha, beta);
    }
    return;
  }

  const panelBytes = k * PANEL_COLUMNS * 4;
  const panelsAtOnce = Math.max(1, Math.floor(PACKED_BYTES / panelBytes));
  const columnsAtOnce = Math.min(n, panelsAtOnce * PANEL_COLUMNS);
  const panels = Math.ceil(columnsAtOnce / PANEL_COLUMNS);
  const distinct = batchB === 0 ? 1 : batch;
  const matricesAtOnce = Math.min(distinct, Math.max(1, Math.floor(panelsAtOnce / panels)));
  const packed = workspace.need(matricesAtOnce * panels * panelBytes);
  for (let matrix = 0; matrix < distinct; matrix += matricesAtOnce) {
    const packedMatrices = Math.min(matricesAtOnce, distinct - matrix);
    const products = batchB === 0 ? batch : packedMatrices;
    for (let column = 0; column < n; column += columnsAtOnce) {
      const columns = Math.min(columnsAtOnce, n - column);
      const packedPanels = Math.ceil(columns / PANEL_COLUMNS);
      const source = b + matrix * batchB + column * columnB;
      const perChunk = Math.ceil(65536 / panelBytes);
      pool.run(
        "packPanels",
        packedMatrices * packedPanels,
        perChunk,
        source,
        rowB,
        columnB,
        batchB,
        columns,
        k,
        packed,
      );
      const [blockRows, blockColumns] = blockSize(m, columns, products, pool.threads);
      pool.needScratch(4 * (blockRows * DEPTH + PANEL_ROWS * PANEL_COLUMNS));
      const blocks = products * Math.ceil(m / blockRows) * Math.ceil(columns / blockColumns);
      const packedStride = batchB === 0 ? 0 : packedPanels * panelBytes;
      const left = [a + matrix * batchA, rowA, columnA, batchA];
      const result = [c + matrix * batchC + column * 4, strideC, batchC];
      const sizes = [m, columns, k, alpha, beta, blockRows, blockColumns];
      pool.run("matmulBlocks", blocks, 1, ...left, packed, packedStride, ...result, ...sizes);
    }
  }
}

// Rows and columns of a block of c: rows of even height that fit the cache; and enough blocks that no thread waits long
// for the last one.
function blockSize(m: number, n: number, batch: number, threads: number): [rows: number, columns: number] {
  const rows = roundUp(Math.ceil(m / Math.ceil(m / BLOCK_ROWS)), PANEL_ROWS);
  const wanted = threads === 1 ? 1 : 6 * threads / (batch * Math.ceil(m / rows));
  const columns = Math.max(64, Math.ceil(n / Math.max(1, wanted)));
  return [rows, roundUp(Math.min(n, columns), PANEL_COLUMNS)];
}

function roundUp(x: number, step: number): number {
  return Math.ceil(x / step) * step;
}
