export type Word =
  | { readonly kind: 'name' | 'sign'; readonly text: string; readonly at: number }
  | { readonly kind: 'text'; readonly text: string; readonly at: number }
  | { readonly kind: 'number'; readonly text: string; readonly at: number }

const word =
  /\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/|(?<name>[A-Za-z_$][\w$]*)|(?<number>\d+(?:\.\d+)?)|(?<text>'[^'\\\n]*(?:\\.[^'\\\n]*)*'|"[^"\\\n]*(?:\\.[^"\\\n]*)*")|(?<sign>===|!==|==|!=|<=|>=|&&|\|\||[-+*/%<>!?:;,.()[\]{}=])/y

/** Splits the text; null where a character has no place in it. */
export function wordsOf(source: string): readonly Word[] | null {
  const words: Word[] = []
  word.lastIndex = 0
  while (word.lastIndex < source.length) {
    const at = word.lastIndex
    const groups = word.exec(source)?.groups
    if (groups === undefined) return null
    const { name, number, text, sign } = groups
    if (name !== undefined) words.push({ kind: 'name', text: name, at })
    else if (number !== undefined) words.push({ kind: 'number', text: number, at })
    else if (text !== undefined) words.push({ kind: 'text', text: unquoted(text), at })
    else if (sign !== undefined) words.push({ kind: 'sign', text: sign, at })
  }
  return words
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' }

const unquoted = (text: string): string =>
  text
    .slice(1, -1)
    .replace(/\\(u[0-9a-fA-F]{4}|.)/g, (_, sign: string) =>
      /^u[0-9a-fA-F]{4}$/.test(sign)
        ? String.fromCharCode(Number.parseInt(sign.slice(1), 16))
        : (escapes[sign] ?? sign),
    )
