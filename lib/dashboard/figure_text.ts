const count = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const duration = new Intl.DurationFormat("en", { style: "narrow" });
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
  return value === undefined ? NOTHING : count.format(value);
}

/** A time span in its two largest units: "2h 5m", "48s". */
export function durationText(seconds: number | undefined): string {
  if (seconds === undefined || !Number.isFinite(seconds)) return NOTHING;
  const whole = Math.round(seconds);
  const hours = Math.floor(whole / 3600), minutes = Math.floor(whole % 3600 / 60);
  if (hours > 0) return duration.format({ hours, minutes });
  return minutes > 0 ? duration.format({ minutes, seconds: whole % 60 }) : `${whole}s`;
}

/** A moment: the time of day if it was today, else the day as well. */
export function momentText(moment: Date): string {
  const isToday = moment.toDateString() === new Date().toDateString();
  return (isToday ? timeOfDay : dayAndTime).format(moment);
}
