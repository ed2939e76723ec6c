import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

interface LockedPackage {
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const read = <T>(path: string): T => JSON.parse(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')) as T
const { packages } = read<{ readonly packages: Readonly<Record<string, LockedPackage>> }>('package-lock.json')
const manifest = read<Record<'dependencies' | 'devDependencies', Record<string, string>>>('package.json')

// npm leaves out of the lock file what its registry does not have (a mirror without packages for other systems), and then
// `npm ci` refuses the lock file. Beware: npm install takes such entries away again.
test('the lock file names every optional package, of other systems too', () => {
  const names = Object.values(packages).flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies))
  expect(names.length).toBeGreaterThan(10)
  const locked = Object.keys(packages)
  expect(names.filter(name => !locked.some(path => path.endsWith(`node_modules/${name}`)))).toEqual([])
})

test('what we depend on is pinned to one version, and the lock file agrees', () => {
  const all = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })
  expect(all.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([])
  expect(packages['']).toMatchObject({ dependencies: manifest.dependencies, devDependencies: manifest.devDependencies })
})
