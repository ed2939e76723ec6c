import { namePick, type Path, type Pick, type Step } from '../../pipeline/mask/inside/path.ts'
import { unfit } from './unfit.ts'

/** `.name`, `.*`, `[*]`, `[0]`, `[-1]`, `['a.b']`: one part after the other. The first has no dot. */
const part =
  /(?:^|(?<=.)\.)(?<name>[^.[\]]+)|\[(?:(?<all>\*)|(?<index>-?\d{1,9})|'(?<quoted>[^']+)'|"(?<doubled>[^"]+)")\]/y

/**
 * Reads `address.city`, `contacts.*.phone`, `profile.phones[*].number`. A name reaches through arrays; `*` between two
 * names marks an array, or stands for any member, or (as the nestedstructure plugin has it) for nothing. Names of columns
 * and images are still in front.
 */
export function readDotted(text: string): Path {
  const parts: Step[] = []
  for (part.lastIndex = 0; part.lastIndex < text.length; ) {
    const at = part.lastIndex
    const found = part.exec(text)
    if (found === null || (at === 0 && found.groups?.name === undefined)) return unfit('is no dotted name', at + 1)
    parts.push({ kind: 'child', picks: [pickOf(found.groups ?? {})] })
  }
  if (parts.length === 0) return unfit('is empty')
  return parts.map((step, n) => (n > 0 && n < parts.length - 1 ? between(step) : step))
}

function pickOf({ name, all, index, quoted, doubled }: Record<string, string | undefined>): Pick {
  if (all !== undefined || name === '*') return { kind: 'any' }
  if (index !== undefined) return { kind: 'index', index: Number(index) }
  return namePick(name ?? quoted ?? doubled ?? '', 'reach')
}

const between = (step: Step): Step =>
  step.kind === 'child' && step.picks[0]?.kind === 'any' ? { kind: 'child', picks: [{ kind: 'within' }] } : step
