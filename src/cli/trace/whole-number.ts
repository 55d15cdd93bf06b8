/** Numbers on the command line of `saltgate trace` and `saltgate diff`. */
import { InvalidArgumentError } from 'commander'

/** Throws: commander's error, unless it is a whole number from 1. */
export function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError('it must be a whole number from 1')
  return Number(text)
}
