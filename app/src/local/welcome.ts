import { tokenHours, type LocalStack } from './local-stack.ts';
import { shownPath, type Paint } from '../commands/terminal.ts';

/** Where everything is, and a command to paste. */
export function welcome(stack: LocalStack, seconds: number, paint: Paint): string {
  const { bold } = paint;
  const { apiUrl, metricsUrl, prometheusUrl, issuer, token, logFile } = stack;
  return `
${bold('The movies API is running')}, after ${seconds.toFixed(1)} s.

  Swagger UI   ${bold(`${apiUrl}/api/docs`)}   press Authorize, then Try it out
  API          ${apiUrl}
  Metrics      ${metricsUrl}${prometheusUrl === undefined ? '' : `\n  Prometheus   ${prometheusUrl}/alerts`}
  Issuer       ${issuer}/.well-known/openid-configuration
  Log          ${shownPath(logFile)}

Paste this; the token lives for ${tokenHours} hours:

  curl -s '${apiUrl}/movies?year=1994&sort=rating&limit=5' -H 'Authorization: Bearer ${token}'

Ctrl-C stops everything. The data stays until ${bold('rm -r .data')}.`;
}
