import type { PartitionName } from './ports/dead-letters.ts'

/** A partition as the key of a map or set. */
export const partitionId = ({ topic, partition }: PartitionName): string => `${topic}/${partition}`
