import type { Finding } from '../finding.ts'

export const finding: Finding = {
  id: 'reverse-name-differs',
  title: 'The address leads back to other names than the one that leads to it',
  severity: 'note',
  affects:
    'Accounts that name hosts: where this machine is a client itself, a server takes it for the other name, and only if that leads back to the address. Kerberos and certificates go by names, too',
  remedy: {
    server: "Make forward and reverse lookup agree, or name hosts by address: 'user'@'10.0.0.5'.",
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/host-cache.html',
  onProbe({ names }) {
    if (names === undefined || names.host === 'localhost') return undefined
    const asked = plain(names.host)
    const lines = [...names.reverse].flatMap(([address, { names: back }]) =>
      back.length === 0 || back.some((name) => plain(name) === asked)
        ? []
        : [`${address} leads back to ${back.join(', ')}`],
    )
    return lines.length === 0 ? undefined : { certain: true, lines: [`asked for ${names.host}`, ...lines] }
  },
}

function plain(name: string): string {
  return name.toLowerCase().replace(/\.$/, '')
}
