// A receiver of webhooks made of npm's standardwebhooks, which verifies what it is sent. It prints its address
// first, then one JSON line a request: the message, or the error for which it refuses it. A line on its
// standard input is the secret that it goes by from then on. Argument 1: the folder of npm packages.
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';

const [modules] = process.argv.slice(2);
const { Webhook } = createRequire(`${modules}/`)('standardwebhooks');
let verifier;

const server = createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    try {
      const message = verifier.verify(Buffer.concat(parts).toString(), request.headers);
      response.writeHead(204).end();
      console.log(JSON.stringify({ message }));
    } catch (error) {
      response.writeHead(401).end('Signature refusée');
      console.log(JSON.stringify({ error: String(error) }));
    }
  });
});
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ address: `http://127.0.0.1:${server.address().port}/parvis` })));
createInterface({ input: process.stdin }).on('line', (secret) => {
  verifier = new Webhook(secret);
  console.log(JSON.stringify({ ready: true }));
}).on('close', () => process.exit(0));
