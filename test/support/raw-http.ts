import { connect } from 'node:net';

/** Sends bytes as they are, for what no HTTP client lets through. Rejects after `patience` ms without an answer. */
export function rawRequest(port: number, text: string, patience = 10_000): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, 'localhost');
    let answer = '';
    socket.setTimeout(patience, () => socket.destroy(new Error(`no answer in ${patience} ms`)));
    socket.on('data', (chunk: Buffer) => { answer += chunk.toString(); });
    socket.on('error', reject);
    socket.on('close', () => resolve({ status: Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]), text: answer }));
    socket.write(text.replaceAll(/\r?\n/g, '\r\n'));
  });
}
