import { type Markup, markup } from "../plot/markup.ts";
import { runAddress } from "./addresses.ts";
import { countText, lossText, momentText } from "./figure_text.ts";
import { latestFigures } from "../training/latest_figures.ts";
import { progressMark, stateMark } from "./run_figures.ts";
import type { Run } from "./run_reader.ts";

/**
 * A row for each run: how it stands, how far it is, its figures.
 *
 * @param pick Whether the rows have boxes to pick runs with.
 */
export function runsTable(runs: readonly Run[], pick = false): Markup {
  const pickHeading = pick ? markup`<th scope="col"><span class="unseen">Pick</span></th>` : "";
  return markup`<div class="wide"><table class="runs">
<thead><tr>${pickHeading}<th scope="col">Run</th>
<th scope="col">State</th><th scope="col">Step</th>
<th scope="col" class="number">Training loss</th><th scope="col" class="number">Validation loss</th>
<th scope="col" class="number lesser">Tokens/s</th><th scope="col" class="number lesser">Last change</th></tr></thead>
<tbody>
${runs.map((run) => row(run, pick))}</tbody>
</table></div>`;
}

function row(run: Run, pick: boolean): Markup {
  const { name, state, metrics, changed } = run;
  const { loss, validation_loss, tokens_per_second } = latestFigures(metrics);
  const id = encodeURIComponent(name);
  const box =
    markup`<td><input type="checkbox" name="run" value="${name}" id="pick-${id}" aria-label="Pick ${name}"></td>`;
  return markup`<tr>${pick ? box : ""}<th scope="row"><a href="${runAddress(name)}" id="run-${id}">${
    breakable(name)
  }</a></th>
<td>${stateMark(state)}</td><td>${progressMark(run)}</td>
<td class="number">${lossText(loss)}</td><td class="number">${lossText(validation_loss)}</td>
<td class="number lesser">${countText(tokens_per_second)}</td>
<td class="number lesser"><time datetime="${changed.toISOString()}">${momentText(changed)}</time></td></tr>
`;
}

/** A long name breaks where its parts meet. */
function breakable(name: string): Markup {
  return markup`${name.split(/(?<=[\/_-])/).map((part) => markup`${part}<wbr>`)}`;
}
