import { expect } from '@jest/globals';
import { launchBrowser, openSwaggerUi } from '../../app/local/swagger-page.ts';
import type { Deployment } from '../deployment.ts';
import type { ProbeGroup } from '../probe.ts';

export async function checkSwaggerUi({ url }: Deployment): Promise<void> {
  const browser = await launchBrowser();
  try {
    const { page, wrong } = await openSwaggerUi(browser, new URL(url).origin);

    expect(await page.locator('.info .title').innerText()).toMatch(/^Movies API/);
    expect(wrong).toEqual([]);
  } finally {
    await browser.close();
  }
}

export const documentProbes: ProbeGroup = {
  name: 'Swagger UI in a browser',
  needs: ['a browser'],
  probes: {
    'shows the contract without a console error, a CSP violation or a failed request': checkSwaggerUi,
  },
};
