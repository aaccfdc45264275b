import type { BundledPackage } from './bundled-packages.ts';

/**
 * CycloneDX of the packages whose code is in the bundle. A bundle has no `node_modules` for a scanner to find: with this
 * file beside it, scanners of the image know what is in it. No time and no serial number: the same source, the same bytes.
 */
export const billOfMaterials = (packages: readonly BundledPackage[]): string =>
  `${JSON.stringify(
    {
      bomFormat: 'CycloneDX',
      specVersion: '1.5',
      version: 1,
      metadata: { component: { type: 'application', name: 'movies-api', 'bom-ref': 'movies-api' } },
      components: packages.map(({ name, version, license }) => ({
        type: 'library',
        'bom-ref': purl(name, version),
        name,
        version,
        purl: purl(name, version),
        licenses: [{ expression: license }],
      })),
    },
    null,
    1,
  )}\n`;

/** `pkg:npm/%40scope/name@1.0.0` (https://github.com/package-url/purl-spec) */
const purl = (name: string, version: string): string => `pkg:npm/${name.replace('@', '%40')}@${version}`;
