/**
 * Checks the numbers of a learning rate's schedule, the step included.
 *
 * @throws {RangeError} If one is missing, NaN or below 0; the first is named.
 */
export function checkSchedule(numbers: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(numbers)) {
    if (value >= 0) continue;
    throw new RangeError(`Cannot schedule the learning rate: ${name} is ${value}; it must be a number of at least 0`);
  }
}
