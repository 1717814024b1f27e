// A browser as far as signing in needs one: it keeps cookies, follows redirects, fills in forms.

const FOLLOW_MAX = 12

export class Browser {
  #cookies = new Map()
  #email
  #password

  constructor({ email, password }) {
    this.#email = email
    this.#password = password
  }

  /** Visits a page and does what a user does there, until it is sent to `target`: that URL. */
  async until(url, target) {
    let response = await this.#ask(url)
    for (let step = 0; step < FOLLOW_MAX; step++) {
      const location = response.headers.get('location')
      if (response.status >= 300 && response.status < 400 && location) {
        url = new URL(location, url)
        if (url.href.startsWith(target)) return url
        response = await this.#ask(url)
        continue
      }
      const page = await response.text()
      const form = filled(page, { email: this.#email, password: this.#password })
      if (!form) throw new Error(`${response.status} at ${url}, and no form to fill in: ${page.slice(0, 2000)}`)
      const from = url
      url = new URL(form.action, url)
      response = await this.#ask(url, {
        method: 'POST',
        body: form.fields,
        headers: { origin: new URL(from).origin, referer: String(from), 'sec-fetch-site': 'same-origin' },
      })
    }
    throw new Error(`no end of redirects: now at ${url}`)
  }

  async #ask(url, options = {}) {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { accept: 'text/html', ...(cookie && { cookie }), ...options.headers }
    const response = await fetch(url, { redirect: 'manual', ...options, headers })
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)
      if (value === '' || /;\s*max-age=0/i.test(line)) this.#cookies.delete(name)
      else this.#cookies.set(name, value)
    }
    return response
  }
}

/** The first form that signs in or asks for consent, filled in. */
function filled(page, values) {
  for (const [, tag, body] of page.matchAll(/<form([^>]*)>(.*?)<\/form>/gis)) {
    const asksPassword = /type="password"/i.test(body)
    const asksConsent = /name="decision"/i.test(body)
    if (!asksPassword && !asksConsent) continue
    const fields = new URLSearchParams()
    for (const [input] of body.matchAll(/<input[^>]*>/gis)) {
      const name = attribute(input, 'name')
      if (name) fields.set(name, values[name] ?? attribute(input, 'value') ?? '')
    }
    if (asksConsent) fields.set('decision', 'allow')
    return { action: attribute(tag, 'action') ?? '', fields }
  }
}

function attribute(tag, name) {
  const found = new RegExp(`\\s${name}="([^"]*)"`, 'i').exec(tag)?.[1]
  const named = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" }
  return found?.replace(/&(amp|lt|gt|quot|#39);/g, (_, entity) => named[entity])
}
