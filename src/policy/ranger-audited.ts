/**
 * Is what a policy of Ranger's does to be audited? The service's mode decides where it is `audit-all` or `audit-none`,
 * else the policy, which wants it unless it says no.
 */
export function isAudited(auditMode: unknown, isAuditEnabled: unknown): boolean {
  if (auditMode === 'audit-all') return true
  return auditMode !== 'audit-none' && isAuditEnabled !== false
}
