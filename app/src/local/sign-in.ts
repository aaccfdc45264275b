import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { OidcProvider } from './quiet-oidc-provider.ts';
import { signInPage, signInPagePolicy } from './sign-in-page.ts';

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
