// scripts/test.mjs preloads this module into the process of each test file. It caches the compiled sources between
// processes, which saves 0.3 s of processor time per file. It does not set NODE_COMPILE_CACHE, because the programs
// under test would inherit that variable.
import { enableCompileCache } from 'node:module';
import path from 'node:path';

enableCompileCache(path.resolve(import.meta.dirname, '../node_modules/.cache/blkreplay-tests'));
