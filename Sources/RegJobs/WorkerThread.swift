// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// A thread that runs one closure; `join` waits for its end.
package final class WorkerThread {
    private var handle = pthread_t()

    private final class Box {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// Runs `body` on a new thread.
    package init(_ body: @escaping @Sendable () -> Void) throws(ThreadError) {
        let box = Unmanaged.passRetained(Box(body))
        let status = pthread_create(
            &handle, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            }, box.toOpaque())
        guard status == 0 else {
            box.release()
            throw ThreadError(code: status)
        }
    }

    package func join() { pthread_join(handle, nil) }
}

/// The system gives no more threads.
package struct ThreadError: Error, Equatable {
    /// The `errno` that says why.
    package let code: Int32
}

/// How many processors this process may use.
package func processorCount() -> Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
