import type { ImageSummary } from './image-summary.ts';

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(2).padStart(8)} MB`;

/** The digest, size and layers of an image as a small table. The base's layers come first. */
export function describeImage(tag: string, { id, digest, size, layers, config }: ImageSummary): string {
  return [
    `image   ${tag}`,
    `id      ${id}`,
    `digest  ${digest ?? 'given by the registry at the push'}`,
    `user    ${config.user}`,
    `size    ${megabytes(size).trim()} in ${layers.length} layers`,
    ...layers.map((layer) => `  ${megabytes(layer.size)}  ${layer.digest}  ${layer.createdBy.slice(0, 60)}`),
  ].join('\n');
}
