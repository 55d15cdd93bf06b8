/** Where tshark and we are known to differ, and which of the two is right. */
import type { Difference, Value } from './tshark-comparison.ts'

interface Explained {
  readonly what: string
  readonly why: string
  is(difference: Difference): boolean
}

export const differences: readonly Explained[] = [
  {
    what: 'AuthMoreData as the answer to the login',
    why: 'tshark takes all that follows a login for a switch request; it does not look at the first byte',
    is: ({ kind, after, field, theirs }) =>
      `${kind} ${after} ${field} ${theirs}` === 'AuthMoreData HandshakeResponse41 kind AuthSwitchRequest',
  },
  {
    what: 'AuthMoreData behind an answer, and AuthNextFactor',
    why: 'tshark knows one exchange of authentication; what comes behind it, it takes for the answer to a command',
    is: ({ kind, field, theirs }) =>
      ['AuthMoreData', 'AuthNextFactor'].includes(kind) && field === 'kind' && theirs === 'Unknown',
  },
  {
    what: 'answers of the client behind the first exchange',
    why: 'as above: tshark takes them for commands, by their first byte',
    is: ({ kind, after, field, theirs }) =>
      kind === 'AuthAnswer' &&
      ['AuthMoreData', 'AuthNextFactor', 'AuthSwitchRequest'].includes(after ?? '') &&
      field === 'kind' &&
      isCommand(theirs),
  },
  {
    what: 'AuthSwitchRequest behind an answer, or behind COM_CHANGE_USER',
    why: 'as above: tshark takes it for the EOF of a result',
    is: ({ kind, after, field, theirs }) =>
      kind === 'AuthSwitchRequest' &&
      ['AuthAnswer', 'COM_CHANGE_USER'].includes(after ?? '') &&
      field === 'kind' &&
      theirs === 'Result',
  },
  {
    what: 'nonces and answers with a NUL in them',
    why: 'tshark takes both for text, which ends at a NUL; they are bytes',
    is: ({ kind, field, ours, theirs }) =>
      /^Auth(SwitchRequest authPluginData|Answer data)$/.test(`${kind} ${field}`) &&
      String(theirs).endsWith('00') &&
      String(ours).startsWith(String(theirs)),
  },
  {
    what: 'a login that answers with one NUL: no password',
    why: 'tshark leaves out an answer of one byte',
    is: ({ kind, field, ours, theirs }) =>
      `${kind} ${field} ${ours} ${theirs}` === 'HandshakeResponse41 authAnswer 00 ',
  },
  {
    what: 'the proof of its certificate that MariaDB 11 puts in the place of the text of an OK',
    why: 'MariaDB puts the length in front of the text also without session tracking; tshark then gives up ("dissector is incomplete")',
    is: ({ kind, field, ours, theirs }) =>
      `${kind} ${field} ${theirs}` === 'Ok info ' && /^01(3\d|4[1-6]){64}$/.test(String(ours)),
  },
  {
    what: 'COM_CHANGE_USER of a client that leaves out the database',
    why: 'the name of the plugin stands where the number of the collation should: tshark reads one byte of it, we and MySQL two',
    is: ({ capture, kind, field }) =>
      /-nodbfield-mariadb$/.test(capture) && `${kind} ${field}` === 'COM_CHANGE_USER collationId',
  },
  {
    what: 'packets behind a login with compression',
    why: 'we end there; tshark reads inside of zlib, and takes zstd for packets',
    is: ({ capture, field, ours }) => capture.includes('-compress-z') && field === 'packet' && ours === undefined,
  },
  {
    what: 'a login with the wrong sequence id',
    why: 'tshark finds by sequence id 1 that a login is due, and takes this one for a command; we note the order and decode',
    is: ({ capture, kind, field }) =>
      capture === 'my97-badseq-1156-raw' && `${kind} ${field}` === 'HandshakeResponse41 kind',
  },
  {
    what: 'a login of the layout from before MySQL 4.1',
    why: 'tshark decodes it; no server of today takes it, and we say why it is none',
    is: ({ capture, kind, field }) =>
      capture === 'my97-pre41-client-1043-raw' && `${kind} ${field}` === 'HandshakeResponse41 fields',
  },
]

function isCommand(kind: Value): boolean {
  return /^(command |COM_)/.test(String(kind))
}
