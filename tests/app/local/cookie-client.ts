/** As much of a browser as a sign-in needs: cookies, redirects, a form. */
export function createBrowserLikeClient() {
  const cookies = new Map<string, string>();

  async function request(url: string, init: RequestInit = {}): Promise<Response> {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { ...init, redirect: 'manual', headers: { cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split(/=(.*)/s);
      cookies.set(name, value);
    }
    return response;
  }

  /** Follows redirects until a page answers, or one leads to `stopAt`, which is not requested. */
  async function follow(url: string, init: RequestInit, stopAt?: string) {
    let response = await request(url, init);
    let at = new URL(url);
    for (let hops = 0; hops < 5; hops += 1) {
      const location = response.headers.get('location');
      if (location === null) return { url: at, response };
      at = new URL(location, at);
      if (stopAt !== undefined && at.href.startsWith(stopAt)) return { url: at, response };
      response = await request(at.href);
    }
    throw new Error(`Too many redirects, the last one to ${at.href}`);
  }

  return {
    /** Opens a page. */
    async open(url: string): Promise<{ url: string; text: string }> {
      const landed = await follow(url, {});
      return { url: landed.url.href, text: await landed.response.text() };
    },
    /** Posts a form and gives the address under `stopAt` that the answers finally lead to. */
    async submit(url: string, form: Record<string, string>, stopAt: string): Promise<URL> {
      const landed = await follow(url, { method: 'POST', body: new URLSearchParams(form) }, stopAt);
      return landed.url;
    },
  };
}
