import { formatExpression, formatWithValues } from "../../lib/accounting/format_expression.ts";
import { valuesOf } from "../../lib/accounting/model_shape.ts";
import { normalForm } from "../../lib/accounting/normal_form.ts";
import { judge, type PublishedFigure } from "../../lib/accounting/published_figure.ts";
import type { Report } from "../frame/report.ts";

/**
 * A table of published figures: each beside the value of the formula that it was published with and beside the full
 * account, with a verdict, and the reasons below, numbered.
 */
export function reportFigures(title: string, figures: readonly PublishedFigure[], report: Report): void {
  const reasons: string[] = [];
  const rows = figures.map((figure) => {
    const { formulaValue, fullValue, verdicts, explanation } = judge(figure);
    if (explanation !== "" && !reasons.includes(explanation)) reasons.push(explanation);
    const mark = explanation === "" ? "" : ` [${reasons.indexOf(explanation) + 1}]`;
    return [figure.name, figure.published, formulaValue, fullValue, verdicts.join(", ") + mark];
  });
  report.table(title, ["", "published", "published formula", "in full", "verdict"], rows);
  reasons.forEach((reason, i) => report.say(`[${i + 1}] ${reason[0].toUpperCase()}${reason.slice(1)}.`));
  report.data(
    title,
    figures.map((figure) => {
      const values = valuesOf(figure.model, figure.batchSize, figure.sequenceLength);
      return {
        name: figure.name,
        published: figure.published,
        ...judge(figure),
        formula: formatExpression(figure.formula),
        fullFormula: formatExpression(normalForm(figure.full)),
        fullExpanded: formatWithValues(normalForm(figure.full), values),
      };
    }),
  );
}
