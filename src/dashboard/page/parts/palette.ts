/**
 * The colours of what is drawn on canvas, where style sheets do not reach. Lanes and reasons: Paul Tol's muted scheme, made for people who
 * see colours differently, lightened for the dark. No colour says anything alone: waiting is a diamond, refused a cross, and all have words.
 */
import type { Theme } from './theme.ts'

export interface Palette {
  /** In the order of `lanes`. */
  readonly lanes: readonly string[]
  /** Of the most frequent reasons, and the last of all others. */
  readonly reasons: readonly string[]
  readonly admitted: string
  readonly refused: string
  readonly waiting: string
  readonly ink: string
  readonly quiet: string
  readonly line: string
  readonly ground: string
  /** From few to many. */
  readonly heat: readonly string[]
}

export const palettes: Readonly<Record<Theme, Palette>> = {
  light: {
    lanes: ['#8a94a6', '#aa4499', '#4b3fa7', '#59b3dd', '#cfae3f', '#8a8a2a', '#117733', '#3a9e90'],
    reasons: ['#882255', '#cc6677', '#d08a2e', '#4b3fa7', '#59b3dd', '#117733', '#8a8a2a', '#aa4499', '#9aa3b2'],
    admitted: '#3a9e90',
    refused: '#c2203f',
    waiting: '#c2560a',
    ink: '#1b2430',
    quiet: '#5b6675',
    line: '#d9dee5',
    ground: '#ffffff',
    heat: ['#e4f1ef', '#b5dcd6', '#7cc0b7', '#429d94', '#1c766f', '#0c4a47'],
  },
  dark: {
    lanes: ['#8e9ab0', '#cc6cbb', '#8c80e6', '#6cc4ec', '#e0c868', '#adad4c', '#3fa663', '#52bfb0'],
    reasons: ['#c04f88', '#e58491', '#eaa757', '#8c80e6', '#6cc4ec', '#3fa663', '#adad4c', '#cc6cbb', '#78839a'],
    admitted: '#52bfb0',
    refused: '#ff6b81',
    waiting: '#ffa04d',
    ink: '#e6eaf0',
    quiet: '#98a3b3',
    line: '#2b3441',
    ground: '#151b23',
    heat: ['#12312f', '#14504c', '#1b766f', '#2f9e93', '#6cc9bd', '#c9f2ea'],
  },
}
