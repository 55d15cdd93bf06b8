import type { Finding } from '../finding.ts'

export const finding: Finding = {
  id: 'name-unknown',
  title: 'The name of the server leads to no address',
  severity: 'decisive',
  affects:
    'Misspelled names, names of another network (containers, VPN, private zones), name servers that do not answer: "Unknown MySQL server host" (2005)',
  remedy: {
    client:
      'Look the name up from where the program runs; there may be other name servers, or a search domain is missing. Connecting by address tells whether the rest works.',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/can-not-connect-to-server.html',
  onProbe({ names }) {
    if (names?.error === undefined) return undefined
    return { certain: true, lines: [`${names.host}: ${names.error}`] }
  },
}
