/** The story of a login, a line for each step, for --explain. */
import type { LoginStep, PeerTrust } from '../../machine/login-steps.ts'
import { visibleText } from './visible-text.ts'

/** One line, without its end. Units: `elapsedMs` from the start of the login. */
export function explained(step: LoginStep, elapsedMs: number): string {
  const { arrow, words } = described(step)
  return `${elapsedMs.toFixed(1).padStart(8)} ms  ${arrow.padEnd(2)}  ${visibleText(words)}`
}

/** `<-` is what the server said, `->` what this side said. */
function described(step: LoginStep): { readonly arrow: '<-' | '->' | '==' | ''; readonly words: string } {
  switch (step.is) {
    case 'name-resolved':
      return { arrow: '', words: `${step.host} is ${step.addresses.join(', ')}` }
    case 'connected':
      return { arrow: '', words: `connected to ${step.address}` }
    case 'greeting': {
      const tls = step.tlsOffered ? 'TLS offered' : 'no TLS'
      const plugin = step.plugin ?? 'no plugin named (mysql_native_password)'
      return {
        arrow: '<-',
        words: `greeting of ${step.serverVersion}: connection ${step.connectionId}, ${plugin}, ${tls}`,
      }
    }
    case 'tls-requested':
      return { arrow: '->', words: 'request for TLS' }
    case 'tls-established':
      return {
        arrow: '==',
        words: `${step.protocol}, ${step.cipher}${step.reused ? ', session resumed' : ''}; ${step.subject || 'no subject'}: ${trusts[step.trust]}`,
      }
    case 'login-sent': {
      const database = step.database === undefined ? '' : `, database ${step.database}`
      return { arrow: '->', words: `login of ${step.user}${database}: ${step.plugin}, ${answer(step.answerBytes)}` }
    }
    case 'auth-switch':
      return { arrow: '<-', words: `switch to ${step.plugin}${nonce(step.dataBytes)}` }
    case 'next-factor':
      return { arrow: '<-', words: `factor ${step.factor}: ${step.plugin}${nonce(step.dataBytes)}` }
    case 'server-data':
      return { arrow: '<-', words: `${step.plugin}: ${step.meaning ?? `${step.bytes} bytes`}` }
    case 'answer-sent':
      return { arrow: '->', words: `${step.plugin}: ${answer(step.bytes)}` }
    case 'asked':
      return { arrow: '<-', words: `${step.plugin} asks: ${step.question}` }
    case 'ok':
      return { arrow: '<-', words: step.certificateProven ? 'OK, and the password proves the certificate' : 'OK' }
    case 'refused':
      return { arrow: '<-', words: `ERROR ${step.code} (${step.sqlState}): ${step.message}` }
  }
}

const trusts: Readonly<Record<PeerTrust, string>> = {
  identity: 'verified, and its name',
  authority: 'verified, but not its name',
  'by-password': 'no authority vouches for it, the password has to prove it',
  none: 'encrypted, but not verified',
}

function answer(bytes: number): string {
  return bytes === 0 ? 'nothing proven yet' : `answer of ${bytes} bytes`
}

function nonce(bytes: number): string {
  return bytes === 0 ? '' : `, ${bytes} bytes of nonce`
}
