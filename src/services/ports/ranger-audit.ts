/** An audit event as Ranger writes it to its stores; the names are those of its JSON. Holds no value of a record. */
export interface RangerEvent {
  readonly repoType: number
  readonly repo: string
  readonly reqUser: string
  /** UTC, `yyyy-MM-dd HH:mm:ss.SSS`. */
  readonly evtTime: string
  /** The mask type, or ROW_FILTER. */
  readonly access: string
  readonly resource: string
  readonly resType: '@field' | '@topic'
  readonly action: 'consume'
  /** 0: the records were left out. */
  readonly result: 0 | 1
  readonly agent: 'scrim'
  readonly agentHost: string
  readonly policy: number
  readonly policy_version: number | null
  readonly reason: string
  readonly enforcer: 'ranger-acl' | 'scrim-acl'
  readonly sess: string
  readonly cliType: 'kafka'
  readonly cliIP: null
  /** Topic, partition and offsets. */
  readonly reqData: string
  readonly logType: 'RangerAudit'
  readonly id: string
  readonly seq_num: number
  /** Of how many records it speaks. */
  readonly event_count: number
  readonly event_dur_ms: number
  readonly tags: readonly string[]
  readonly additional_info: string
  readonly cluster_name: string
  readonly zone_name: string | null
}

export interface RangerAuditSink {
  /** Resolves when it is durable. Rejects with an error of kind `dependency` where trying again may help. */
  readonly write: (events: readonly RangerEvent[]) => Promise<void>
}
