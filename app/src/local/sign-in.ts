import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { OidcProvider } from './quiet-oidc-provider.ts';

const accountId = 'local-developer';

export const signInPath = '/sign-in/';

/** Shows the sign-in page (GET) and takes its answer (POST): login and consent in one step. */
export async function signIn(
  provider: OidcProvider,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const interaction = await provider.interactionDetails(req, res);
  const { client_id: clientId, scope } = interaction.params;

  if (req.method !== 'POST') {
    const client = await provider.Client.find(String(clientId));
    res.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': signInPagePolicy,
      'cache-control': 'no-store',
    });
    res.end(signInPage(client?.clientName ?? 'A client', typeof scope === 'string' ? scope.split(' ') : []));
    return;
  }

  const answer = new URLSearchParams(await text(req)).get('answer');
  const result =
    answer === 'continue'
      ? { login: { accountId }, consent: {} }
      : { error: 'access_denied', error_description: 'Cancelled on the sign-in page.' };
  await provider.interactionFinished(req, res, result, { mergeWithLastSubmission: false });
}

const style = `
  body { font: 16px/1.5 system-ui, sans-serif; background: #f4f5f7; color: #1c2530; display: grid; place-items: center; min-height: 100vh; margin: 0 }
  main { background: #fff; border-radius: 12px; box-shadow: 0 2px 16px #0002; padding: 2rem; width: 22rem }
  h1 { font-size: 1.3rem; margin: 0 0 .5rem } p { margin: 0 0 1rem }
  code { background: #eef1f5; border-radius: 4px; padding: .1rem .35rem }
  button { font: inherit; width: 100%; padding: .7rem; margin-top: .5rem; border: 1px solid #1f6f43; border-radius: 8px; cursor: pointer; color: #1f6f43; background: #fff }
  button[value=continue] { background: #1f6f43; color: #fff }`;

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (character) => escapes[character] ?? '');

/** Only this page's own style, nothing else. `form-action` is left out: the answer redirects to the client. */
const signInPagePolicy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; frame-ancestors 'none'; base-uri 'none'`;

/** The whole sign-in: one button, no password, because nobody but this machine can reach it. */
function signInPage(clientName: string, scopes: readonly string[]): string {
  const asked = scopes.map((scope) => `<code>${escapeHtml(scope)}</code>`).join(' ') || 'no scope';
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Sign in on this machine</title>
<style>${style}</style>
<main>
  <h1>Sign in on this machine</h1>
  <p>${escapeHtml(clientName)} asks for ${asked}. This issuer is for local play only and asks for no password.</p>
  <form method="post">
    <button name="answer" value="continue" autofocus>Continue as local developer</button>
    <button name="answer" value="cancel">Cancel</button>
  </form>
</main>
</html>`;
}
