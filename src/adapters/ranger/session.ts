const NAME = 'RANGERADMINSESSIONID'

/** Ranger Admin's session: with its cookie it need not look up the account for each request. */
export interface Session {
  readonly cookie: () => string | null
  readonly note: (status: number, setCookie: string | readonly string[] | undefined) => void
}

export function createSession(): Session {
  let cookie: string | null = null
  return {
    cookie: () => cookie,
    note: (status, setCookie) => {
      // As Ranger's own client does: what was refused is not tried again under the same session.
      if (status !== 200 && status !== 204 && status !== 304) cookie = null
      else cookie = sessionOf(setCookie) ?? cookie
    },
  }
}

function sessionOf(setCookie: string | readonly string[] | undefined): string | null {
  for (const line of typeof setCookie === 'string' ? [setCookie] : (setCookie ?? [])) {
    const [, name, value] = /^([^=;\s]+)=([\w.~!$&'()*+:@%-]{1,4096})\s*(?:;|$)/.exec(line) ?? []
    if (name === NAME && value !== undefined) return `${NAME}=${value}`
  }
  return null
}
