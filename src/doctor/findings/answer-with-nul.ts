import type { Finding } from '../finding.ts'
import { byProof, noncePlugins, proofHolds, sayError, wasRefused } from '../reading.ts'

export const finding: Finding = {
  id: 'answer-with-nul',
  title: 'The scramble has a NUL in it, and is cut there as if it were text',
  severity: 'decisive',
  affects:
    'ProxySQL before its pull request 1954 of 2019, and servers that read the answer as a C string: one login in 13 fails',
  remedy: { server: 'Upgrade the proxy. The client is right, and gets in when it tries again.' },
  reference: 'https://github.com/sysown/proxysql/issues/1934',
  onLogin(seen, known) {
    const cut = byProof(known, ({ algorithm }) => algorithm === 'cut-at-nul', ...sayError(seen))
    const last = seen.exchanges.at(-1)
    const answer = last?.answers[0]
    if (cut !== undefined || last === undefined || answer === undefined || !wasRefused(seen, 1045)) return cut
    const at = noncePlugins.has(last.plugin) && answer.length >= 20 ? answer.indexOf(0) : -1
    if (at === -1 || !proofHolds(known)) return undefined
    const line = `byte ${at + 1} of the ${answer.length} of the answer is 0, and the answer is the right one`
    return { certain: false, lines: [line, ...sayError(seen)] }
  },
}
