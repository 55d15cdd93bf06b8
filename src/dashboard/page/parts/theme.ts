/** Light or dark: as the system says, until the viewer says otherwise; that is kept. */
import { useEffect, useState } from 'preact/hooks'

export type Theme = 'light' | 'dark'

/** The theme that is shown, and how to turn to the other. */
export function useTheme(): readonly [theme: Theme, toggle: () => void] {
  const [chosen, choose] = useState(kept)
  const [system, follow] = useState(systemTheme)
  useEffect(() => {
    const query = matchMedia(darkQuery)
    const listen = () => follow(systemTheme())
    query.addEventListener('change', listen)
    return () => query.removeEventListener('change', listen)
  }, [])
  const theme = chosen ?? system
  useEffect(() => {
    document.documentElement.dataset.theme = theme
  }, [theme])
  const toggle = () => {
    const other = theme === 'dark' ? 'light' : 'dark'
    choose(other)
    keep(other)
  }
  return [theme, toggle]
}

export function prefersStillness(): boolean {
  return matchMedia('(prefers-reduced-motion: reduce)').matches
}

const darkQuery = '(prefers-color-scheme: dark)'
const key = 'saltgate-theme'

function systemTheme(): Theme {
  return matchMedia(darkQuery).matches ? 'dark' : 'light'
}

/** Storage can be forbidden: then a choice lasts as long as the page. */
function kept(): Theme | undefined {
  try {
    const value = localStorage.getItem(key)
    return value === 'light' || value === 'dark' ? value : undefined
  } catch {
    return undefined
  }
}

function keep(theme: Theme): void {
  try {
    localStorage.setItem(key, theme)
  } catch {
    // See `kept`.
  }
}
