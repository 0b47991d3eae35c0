/** All cases in killOrder.test.ts pass; `npm test` runs only a selection of them. */
import './killOrder.test.ts';
