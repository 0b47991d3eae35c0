// The entry point of the engine thread. It is a separate file so that the rest of the program can be loaded from Node's
// compile cache, which saves a tenth of the time until the first stop.
import { enableCompileCache } from 'node:module';

// `enableCompileCache` does not exist in Node 20.
(enableCompileCache as typeof enableCompileCache | undefined)?.();
// eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would load it before the cache is enabled
require('./engine-main.js');
