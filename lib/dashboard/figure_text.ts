import { formatNumber, formatSeconds } from "../data/amounts.ts";

const timeOfDay = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const dayAndTime = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });

/** What stands for a figure that is not there. */
export const NOTHING = "–";

/** A loss or the like: four decimals; null is a number that was not finite. */
export function lossText(loss: number | null | undefined): string {
  if (loss === undefined) return NOTHING;
  if (loss === null) return "not finite";
  return loss < 1e6 ? loss.toFixed(4) : loss.toExponential(2);
}

/** A whole number with its thousands separated. */
export function countText(value: number | undefined): string {
  return value === undefined ? NOTHING : formatNumber(value, 0);
}

/** A time span. */
export function durationText(seconds: number | undefined): string {
  return seconds === undefined ? NOTHING : formatSeconds(seconds);
}

/** A moment: the time of day if it was today, else the day as well. */
export function momentText(moment: Date): string {
  const isToday = moment.toDateString() === new Date().toDateString();
  return (isToday ? timeOfDay : dayAndTime).format(moment);
}
