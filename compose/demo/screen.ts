import type { WriteStream } from 'node:tty'

/** Where the demo tells what it does. Colours and rewritten lines only where somebody looks at a terminal. */
export interface Screen {
  readonly width: number
  /** Aborts when nobody reads any more: the terminal was closed, or a pager was left. */
  readonly closed: AbortSignal
  /** A finished line (or several). */
  line(text?: string): void
  /** A line with the seconds since the start before it. */
  step(text: string): void
  /** A line that the next one replaces; elsewhere than on a terminal it is told every few seconds. */
  progress(text: string): void
  bold(text: string): string
  faint(text: string): string
  good(text: string): string
  bad(text: string): string
}

const quietMs = 5000

/** A screen on this stream; its clock starts now. */
export function createScreen(out: WriteStream | NodeJS.WriteStream = process.stdout): Screen {
  const startedAt = performance.now()
  const isTerminal = out.isTTY === true
  const isColoured = isTerminal && !process.env.NO_COLOR
  let toldAt = Number.NEGATIVE_INFINITY
  const seconds = () => `${((performance.now() - startedAt) / 1000).toFixed(1).padStart(6)} s  `
  const erase = isTerminal ? '\r\u001b[K' : ''
  const closed = new AbortController()
  out.on('error', () => closed.abort())
  const paint = (code: number) => (text: string) => (isColoured ? `\u001b[${code}m${text}\u001b[0m` : text)
  return {
    closed: closed.signal,
    get width() {
      return isTerminal ? Math.max(60, out.columns || 80) : 120
    },
    line: (text = '') => void out.write(`${erase}${text}\n`),
    step: text => void out.write(`${erase}${seconds()}${text}\n`),
    progress: text => {
      if (isTerminal) out.write(`${erase}${seconds()}${text}`)
      else if (performance.now() - toldAt > quietMs) {
        toldAt = performance.now()
        out.write(`${seconds()}${text}\n`)
      }
    },
    bold: paint(1),
    faint: paint(2),
    good: paint(32),
    bad: paint(31),
  }
}

/** The text in exactly so many places: cut with a sign that it was, or filled up. */
export function fit(text: string, width: number): string {
  const clean = text.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ')
  if (places(clean) <= width) return clean + ' '.repeat(width - places(clean))
  let cut = ''
  for (const { segment } of new Intl.Segmenter('hi').segment(clean)) {
    if (places(cut + segment) > width - 1) break
    cut += segment
  }
  return `${cut}…${' '.repeat(width - 1 - places(cut))}`
}

/** Places on a terminal: marks that stand on the letter before them take none. */
const places = (text: string): number => [...text].filter(character => !/\p{Mn}|\p{Me}|\p{Cf}/u.test(character)).length
