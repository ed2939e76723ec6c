import { writeFileSync } from 'node:fs'
import asc from 'assemblyscript/asc'

/**
 * Compiles scan.as.ts and writes it as a TypeScript module with the WebAssembly in base64, so that nothing has to be built
 * or loaded from disk when Scrim runs. `--check` only tells whether the module is what the source compiles to.
 */
const source = 'src/pipeline/decode/quick/scan.as.ts'
const target = 'src/pipeline/decode/quick/scan.wasm.ts'

export async function buildScan(): Promise<string> {
  const files = new Map<string, Uint8Array>()
  const { error, stderr } = await asc.main(
    [
      source,
      '--outFile',
      'scan.wasm',
      '--runtime',
      'stub',
      '--enable',
      'simd',
      '--noAssert',
      '-O3',
      '--converge',
      '--importMemory',
    ],
    { writeFile: (name: string, contents: Uint8Array | string) => void files.set(name, Buffer.from(contents)) },
  )
  const wasm = files.get('scan.wasm')
  if (error !== null || wasm === undefined) throw new Error(stderr.toString())
  const lines =
    Buffer.from(wasm)
      .toString('base64')
      .match(/.{1,110}/g) ?? []
  return `// Made from scan.as.ts by \`npm run build:scan\`; a test holds the two together.

const base64 = [
${lines.map(line => `  '${line}',`).join('\n')}
].join('')

let compiled: WebAssembly.Module | undefined

/** The quick scanner's code, compiled at first use. */
export const scanModule = (): WebAssembly.Module => (compiled ??= new WebAssembly.Module(Buffer.from(base64, 'base64')))
`
}

if (import.meta.main) writeFileSync(target, await buildScan())
