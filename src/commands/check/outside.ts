import type { Finding } from '../../services/ports.ts'
export async function checkConnectors(
  _url: string,
  _o: { patterns: readonly string[]; outputTopic: string },
): Promise<{ findings: readonly Finding[]; hasReselect: boolean }> {
  return { findings: [], hasReselect: false }
}
export async function checkSource(
  _url: string,
  _o: { patterns: readonly string[]; hasReselect: boolean | null },
): Promise<{ findings: readonly Finding[] }> {
  return { findings: [] }
}
