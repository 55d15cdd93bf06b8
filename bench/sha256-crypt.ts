/**
 * The SHA-256 crypt, 5000 rounds of a password of 10 bytes: one at a time and four at a time in WebAssembly, and in a loop
 * over `crypto.hash`. The three take turns, so that what else the machine does falls on all of them; only the ratios of
 * one run mean anything.
 */
import { hash } from 'node:crypto'
import { type CryptInput, cryptDigests } from '../src/auth/sha256-crypt-kernel.ts'

const rounds = 5000
const turns = 40
const input: CryptInput = { password: Buffer.from('0123456789'), salt: Buffer.from('twenty bytes of salt') }
const batch = [input, input, input, input]

const variants = [
  { name: 'crypto.hash', crypts: 1, run: () => hashLoop() },
  { name: 'one at a time', crypts: 1, run: () => cryptDigests([input], rounds) },
  { name: 'four at a time', crypts: 4, run: () => cryptDigests(batch, rounds) },
].map((variant) => ({ ...variant, milliseconds: [] as number[] }))

for (let turn = -5; turn < turns; turn++) {
  for (const { run, crypts, milliseconds } of variants) {
    const cpu = process.cpuUsage()
    run()
    const { user, system } = process.cpuUsage(cpu)
    // The first turns are for the compiler.
    if (turn >= 0) milliseconds.push((user + system) / 1000 / crypts)
  }
}

const medians = variants.map(({ milliseconds }) => milliseconds.sort((a, b) => a - b)[turns / 2] ?? 0)
for (const [index, { name }] of variants.entries()) {
  const median = medians[index] ?? 0
  const ratio = median / (medians[0] ?? 1)
  console.log(`${name.padEnd(16)} ${median.toFixed(3)} ms CPU for each crypt   ${ratio.toFixed(3)} of crypto.hash`)
}

/** The rounds with messages of the same lengths, without what SHA-crypt does before and after them. */
function hashLoop(): Uint8Array {
  const { password, salt } = input
  let digest = hash('sha256', password, 'buffer')
  for (let round = 0; round < rounds; round++) {
    const parts = [round % 2 === 1 ? password : digest]
    if (round % 3 !== 0) parts.push(salt)
    if (round % 7 !== 0) parts.push(password)
    parts.push(round % 2 === 1 ? digest : password)
    digest = hash('sha256', Buffer.concat(parts), 'buffer')
  }
  return digest
}
