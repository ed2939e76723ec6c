import { refuse } from './expression-fault.ts'
import type { Token } from './tokens.ts'

/** A place in a list of tokens, the last of which is `end`. */
export class TokenCursor {
  private readonly tokens: readonly Token[]
  private next = 0

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens
  }

  peek(ahead = 0): Token {
    return this.tokens[Math.min(this.next + ahead, this.tokens.length - 1)] as Token
  }

  ahead(count: number): readonly Token[] {
    return this.tokens.slice(this.next, this.next + count)
  }

  skip(count = 1): void {
    this.next += count
  }

  isWord(word: string, ahead = 0): boolean {
    const token = this.peek(ahead)
    return token.kind === 'word' && token.text === word
  }

  takeWord(word: string): boolean {
    if (!this.isWord(word)) return false
    this.next++
    return true
  }

  isSign(text: string): boolean {
    const token = this.peek()
    return token.kind === 'sign' && token.text === text
  }

  takeSign(text: string): boolean {
    if (!this.isSign(text)) return false
    this.next++
    return true
  }

  requireSign(text: string, what: string): void {
    if (!this.takeSign(text)) refuse(this.peek().at, what)
  }
}
