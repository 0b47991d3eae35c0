// An esbuild plugin that includes prebuilt WebAssembly modules in a bundle. A program that runs from source generates
// these modules at each start, which takes longer than running a small guest. Each module replaces a source file whose
// only export builds the module.
import { buildXxh3 } from '../debug-adapter/engine/base/wasm/xxh3Code.ts';
import { buildXxhash64 } from '../debug-adapter/engine/base/wasm/xxhash64Code.ts';
import { buildBlockHashes } from '../debug-adapter/engine/block/blockHashesCode.ts';
import { buildCore } from '../debug-adapter/engine/machine/cpu/core.ts';

const IMAGES = {
  coreImage: buildCore,
  xxhash64Image: buildXxhash64,
  xxh3Image: buildXxh3,
  blockHashesImage: buildBlockHashes,
};
const PLACE = /[/\\]debug-adapter[/\\]engine[/\\].*[/\\](\w+Image)\.ts$/;
const NAMESPACE = 'ready-made';

export const prebuilt = {
  name: NAMESPACE,
  setup(build) {
    const images = new Map(Object.entries(IMAGES).map(([name, make]) => [name, make()]));
    build.onLoad({ filter: PLACE }, ({ path }) => {
      const [, name] = PLACE.exec(path);
      const image = images.get(name);
      return image && { contents: sourceOf(name, image), loader: 'js' };
    });
    build.onResolve({ filter: new RegExp(`^${NAMESPACE}:`) }, ({ path }) => ({ path, namespace: NAMESPACE }));
    build.onLoad({ filter: /.*/, namespace: NAMESPACE }, ({ path }) => {
      const [, name, part] = path.split(':');
      return { contents: images.get(name)[part], loader: 'binary' };
    });
  },
};

/** The source of a module that imports the image's bytes and contains all other values as literals. */
function sourceOf(name, image) {
  const isBytes = (part) => image[part] instanceof Uint8Array;
  const parts = Object.keys(image);
  const imports = parts.filter(isBytes).map((part) => `import ${part} from '${NAMESPACE}:${name}:${part}';`);
  const values = parts.map((part) => (isBytes(part) ? part : `${part}: ${JSON.stringify(image[part])}`));
  return `${imports.join('\n')}\nexport const ${name} = () => ({ ${values.join(', ')} });`;
}
