/** Where the viewer is: in the hash of the address, so that links and the back button work. `#/handshake/123` opens the panel over the tab. */
import { useEffect, useState } from 'preact/hooks'

export const tabs = ['now', 'time', 'refusals', 'hosts', 'accounts', 'backends'] as const

export type Tab = (typeof tabs)[number]

export interface Route {
  readonly tab: Tab
  /** Whose panel is open. */
  readonly handshake: number | undefined
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => readRoute(location.hash, 'now'))
  useEffect(() => {
    const listen = () => setRoute((before) => readRoute(location.hash, before.tab))
    addEventListener('hashchange', listen)
    // What it turned to before anybody listened.
    listen()
    return () => removeEventListener('hashchange', listen)
  }, [])
  return route
}

/** A handshake is over the tab that was there before. */
export function readRoute(hash: string, before: Tab): Route {
  const [, first = '', second = ''] = hash.split('/')
  if (first === 'handshake' && /^\d{1,15}$/.test(second)) return { tab: before, handshake: Number(second) }
  return { tab: tabs.find((tab) => tab === first) ?? 'now', handshake: undefined }
}

export function openHandshake(id: number): void {
  location.hash = `#/handshake/${id}`
}

export function openTab(tab: Tab): void {
  location.hash = `#/${tab}`
}
