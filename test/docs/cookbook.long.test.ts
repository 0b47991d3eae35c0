/** All recipes of cookbook.test.ts work as described; `npm test` follows a selection. */
import './cookbook.test.ts';
