// For esbuild: puts the hart's core into a bundle as bytes, where the sources would generate it at each start, which takes
// longer than a small guest runs.
import { buildCore } from '../debug-adapter/engine/machine/cpu/core.ts';

const PLACE = /[/\\]machine[/\\]cpu[/\\]coreImage\.ts$/;

export const readyMadeCore = {
  name: 'ready-made core',
  setup(build) {
    const image = buildCore();
    const namespace = 'ready-made-core';
    build.onLoad({ filter: PLACE }, () => ({
      contents: `
        import bytes from '${namespace}:bytes';
        import csrIndex from '${namespace}:csrIndex';
        export const coreImage = () => ({ bytes, csrIndex, csrs: ${JSON.stringify(image.csrs)} });`,
      loader: 'js',
    }));
    build.onResolve({ filter: new RegExp(`^${namespace}:`) }, ({ path }) => ({ path, namespace }));
    build.onLoad({ filter: /.*/, namespace }, ({ path }) => ({
      contents: image[path.slice(namespace.length + 1)],
      loader: 'binary',
    }));
  },
};
