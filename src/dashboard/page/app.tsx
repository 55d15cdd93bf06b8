/** The frame of the page: what is behind the address, and which part of it is shown. */
import { useCallback } from 'preact/hooks'
import { PageHeader } from './header.tsx'
import { NowView } from './lanes/now-view.tsx'
import { calmMs, useLive } from './live/live.ts'
import { HandshakePanel } from './panel/handshake-panel.tsx'
import { openTab, type Tab, tabs, useRoute } from './parts/route.ts'
import { type Theme, useTheme } from './parts/theme.ts'
import { TimeView } from './time/time-view.tsx'
import { AccountsView } from './views/accounts-view.tsx'
import { BackendsView } from './views/backends-view.tsx'
import { HostsView } from './views/hosts-view.tsx'
import { RefusalsView } from './views/refusals-view.tsx'

export function App() {
  const { tab, handshake } = useRoute()
  const [theme, toggleTheme] = useTheme()
  const closePanel = useCallback(() => openTab(tab), [tab])
  return (
    <>
      <PageHeader theme={theme} onTheme={toggleTheme} />
      <Tabs tab={tab} />
      <div class={handshake === undefined ? 'body' : 'body beside'}>
        <main>
          <View tab={tab} theme={theme} open={handshake} />
        </main>
        {handshake !== undefined && (
          <HandshakePanel key={handshake} id={handshake} theme={theme} onClose={closePanel} />
        )}
      </div>
    </>
  )
}

function Tabs({ tab }: { readonly tab: Tab }) {
  const { facts } = useLive(calmMs)
  const shown = tabs.filter((each) => each !== 'backends' || facts?.kind === 'gateway')
  return (
    <nav aria-label="Parts of the dashboard">
      {shown.map((each) => (
        <a key={each} href={`#/${each}`} aria-current={each === tab ? 'page' : undefined}>
          {tabNames[each]}
        </a>
      ))}
    </nav>
  )
}

interface ViewProps {
  readonly tab: Tab
  readonly theme: Theme
  readonly open: number | undefined
}

function View({ tab, theme, open }: ViewProps) {
  switch (tab) {
    case 'now':
      return <NowView theme={theme} open={open} />
    case 'time':
      return <TimeView theme={theme} />
    case 'refusals':
      return <RefusalsView />
    case 'hosts':
      return <HostsView />
    case 'accounts':
      return <AccountsView />
    case 'backends':
      return <BackendsView />
  }
}

const tabNames: Readonly<Record<Tab, string>> = {
  now: 'Now',
  time: 'Over time',
  refusals: 'Refusals',
  hosts: 'Hosts',
  accounts: 'Accounts',
  backends: 'Backends',
}
