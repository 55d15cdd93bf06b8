/** Requests to the door's own server, the only one this page speaks to. What fails becomes a `Refused` with words for people. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import type { Done, Problem } from '../../contract.ts'

export class Refused extends Error {
  /** Of HTTP; 0: nobody answered. */
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** Throws: `Refused`. */
export async function ask<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await answered(path, { signal: signal ?? null })) as T
}

/** Does something, as only this page can. Throws: `Refused`. */
export async function command(path: string, body: unknown): Promise<Done> {
  const headers = { 'x-saltgate': 'dashboard', 'content-type': 'application/json' }
  return (await answered(path, { method: 'POST', headers, body: JSON.stringify(body) })) as Done
}

export interface Asked<T> {
  /** The last that was said, also when the server has failed since. */
  readonly value: T | undefined
  readonly problem: Refused | undefined
  readonly again: () => void
}

/** Asks when it is first shown, when `path` or `revision` changes, and every `everyMs`. */
export function useAsked<T>(path: string, { everyMs = 0, revision = 0 } = {}): Asked<T> {
  const [state, setState] = useState<{ path: string; value?: T; problem?: Refused }>({ path })
  const [turn, setTurn] = useState(0)
  const busy = useRef<AbortController | undefined>(undefined)
  // Revision and turn say when to ask again.
  useEffect(() => {
    busy.current?.abort()
    const controller = new AbortController()
    busy.current = controller
    ask<T>(path, AbortSignal.any([controller.signal, AbortSignal.timeout(timeoutMs)])).then(
      (value) => setState({ path, value }),
      (problem: unknown) => {
        if (controller.signal.aborted) return
        setState((before) => ({
          path,
          ...(before.path === path && before.value !== undefined ? { value: before.value } : {}),
          problem: problem instanceof Refused ? problem : new Refused(0, String(problem)),
        }))
      },
    )
    const timer = everyMs > 0 ? setTimeout(() => setTurn((before) => before + 1), everyMs) : undefined
    return () => clearTimeout(timer)
  }, [path, revision, turn, everyMs])
  useEffect(() => () => busy.current?.abort(), [])
  const again = useCallback(() => setTurn((before) => before + 1), [])
  const current = state.path === path
  return { value: current ? state.value : undefined, problem: current ? state.problem : undefined, again }
}

/** Why the server does not serve this page, for people. */
export async function refusal(response: Response): Promise<Refused> {
  const said = await response.text().catch(() => '')
  return new Refused(
    response.status,
    problemOf(said) ?? words[response.status] ?? `the server answered ${response.status}`,
  )
}

const timeoutMs = 15_000

const words: Readonly<Record<number, string>> = {
  401: 'The dashboard wants its password: load the page again and log in.',
  403: 'The server refused this address of the page: open the dashboard by the address that it listens on.',
  404: 'The server knows nothing of it any longer.',
  503: 'The dashboard is too busy, or has as many readers as it takes: close other windows of it, or try again later.',
}

async function answered(path: string, init: RequestInit): Promise<unknown> {
  let response: Response
  try {
    response = await fetch(path, { ...init, cache: 'no-store', signal: init.signal ?? AbortSignal.timeout(timeoutMs) })
  } catch {
    throw new Refused(0, 'The dashboard’s server does not answer: is Saltgate still running?')
  }
  if (!response.ok) throw await refusal(response)
  try {
    return await response.json()
  } catch {
    throw new Refused(response.status, 'The server’s answer broke off: is something in between?')
  }
}

function problemOf(text: string): string | undefined {
  try {
    const { problem } = JSON.parse(text) as Partial<Problem>
    return typeof problem === 'string' ? problem : undefined
  } catch {
    return undefined
  }
}
