import type { Random } from './random.ts'
import { compact, type Draft, randomDraft, randomWord, type Style, text, write } from './random-json.ts'

/** Made-up documents inside columns, and paths into them. */

const rare = ['list', 'e mail', '__proto__', 'constructor', 'आधार', 'na"me', '', 'x']
const aName = (random: Random): string => (random.chance(0.75) ? random.pick(['a', 'b', 'phone']) : random.pick(rare))
/** Those of the structs in random-table.ts. */
const fieldName = (random: Random): string => random.pick(['city', 'city', 'place', 'x', 'e mail'])

const styles: readonly Style[] = [compact, compact, { space: 0.2, escape: 0.3, shuffle: 0 }]

/** A document with many of these names, repeats and nulls among them. */
function aDocument(random: Random, depth = 0): Draft {
  const form = depth === 0 ? 5 + random.below(4) : random.below(depth > 3 ? 5 : 9)
  if (form === 0) return random.pick(['null', 'true', 'false'])
  if (form === 1) return random.pick(['0', '7', '-1', '1.5', '12345678901234567890', '1e3'])
  if (form < 5) return text(random.pick(['home', 'work', '"', '\\u0041', '😀', '', randomWord(random)]))
  if (form < 7) return { array: Array.from({ length: random.below(4) }, () => aDocument(random, depth + 1)) }
  return {
    object: Array.from({ length: random.below(5) }, () => [aName(random), aDocument(random, depth + 1)] as const),
  }
}

/** JSON in a string, nearly always; the text itself is spelled by whoever writes the record. */
export function jsonText(random: Random): Draft {
  if (random.chance(0.04))
    return text(random.pick(['', '{', 'Asha', '{"a":1}}', '{"a":01}', '["\ud800"]', "{'a':1}", '\ufeff{}']))
  const whole = random.chance(0.8) ? aDocument(random) : randomDraft(random, 3)
  return text(write(whole, random.pick(styles), random))
}

/** A path into such a document, as a policy would have it after the column. */
export function randomPath(random: Random, isDotted: boolean, isTyped: boolean): string {
  const name = isTyped ? fieldName : aName
  const parts = Array.from({ length: 1 + random.below(3) }, (_, n) =>
    isDotted ? dottedPart(random, name) : part(random, n, name),
  )
  return parts.join('')
}

type Name = (random: Random) => string

function dottedPart(random: Random, name: Name): string {
  if (random.chance(0.4)) return random.pick(['.*', '[*]', '[0]', '[-1]'])
  const one = name(random)
  return /^[\w]+$/.test(one) ? `.${one}` : `['${one === '' || one.includes("'") ? 'a' : one}']`
}

function part(random: Random, n: number, anyName: Name): string {
  const name = (): string => JSON.stringify(anyName(random))
  const dots = random.chance(n === 0 ? 0.4 : 0.2) ? '..' : ''
  return (
    dots +
    random.pick([
      `[${name()}]`,
      `[${name()}]`,
      `[${name()}]`,
      '[*]',
      '[*]',
      `[${random.pick([0, 1, -1])}]`,
      `[${random.pick(['1:', ':1', '::2', '-2:', '0:9'])}]`,
      `[${name()},${name()},0]`,
      `[?@[${name()}]=='home']`,
      `[?@[${name()}]]`,
      `[?!@[${name()}] || @==7]`,
      `[?@!='work' && @[${name()}]!=null]`,
    ])
  )
}
