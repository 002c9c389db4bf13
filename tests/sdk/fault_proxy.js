// SPDX-License-Identifier: GPL-3.0-or-later
// A proxy that does to each request what its plan says: pass it on, refuse it, or cut the connection, before the server
// sees it or after the server has answered and before the client knows.
'use strict'
const http = require('node:http')

// Takes the faults of `plan` one by one, a request each; then everything passes. Resolves to {port, seen, close}:
// `seen` has one {fault, status} for each request, `status` being the server's.
function startProxy (target, plan) {
  const left = [...plan]
  const seen = []
  const server = http.createServer((request, response) => {
    const chunks = []
    request.on('data', chunk => chunks.push(chunk))
    request.on('error', () => {})
    request.on('end', () => {
      const fault = left.shift() ?? 'pass'
      const entry = { fault, status: 0 }
      seen.push(entry)
      if (fault === 'cut before') return request.socket.destroy()
      if (/^\d+$/.test(fault)) {
        const retry = fault === '429' || fault === '503' ? { 'Retry-After': '1' } : {}
        response.writeHead(Number(fault), { 'Content-Type': 'application/json', ...retry })
        return response.end('{"code":"injected","message":"by the test","detail":"by the test"}')
      }
      const headers = { ...request.headers, host: `${target.host}:${target.port}` }
      delete headers['transfer-encoding']
      const body = Buffer.concat(chunks)
      headers['content-length'] = String(body.length)
      const forwarded = http.request(
        { host: target.host, port: target.port, method: request.method, path: request.url, headers, agent: false },
        answer => {
          const parts = []
          answer.on('data', part => parts.push(part))
          answer.on('end', () => {
            entry.status = answer.statusCode
            if (fault === 'cut after') return request.socket.destroy()
            const back = { ...answer.headers }
            delete back.connection
            response.writeHead(answer.statusCode, back)
            response.end(Buffer.concat(parts))
          })
        })
      forwarded.on('error', () => request.socket.destroy())
      forwarded.end(body)
    })
  })
  return new Promise(resolve => server.listen(0, '127.0.0.1', () => {
    resolve({
      port: server.address().port,
      seen,
      left,
      close: () => { server.close(); server.closeAllConnections() }
    })
  }))
}

module.exports = { startProxy }
