/** All recipes in cookbook.test.ts work as described; `npm test` follows only a selection of them. */
import './cookbook.test.ts';
