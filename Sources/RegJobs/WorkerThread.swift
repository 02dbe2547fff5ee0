// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// A thread that runs one closure; `join` waits for its end.
package final class WorkerThread {
    private var handle = pthread_t()
    private let isStarted: Bool

    private final class Box {
        let body: @Sendable () -> Void
        package init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// Runs `body` on a new thread; right here, before returning, where the system gives no thread.
    package init(_ body: @escaping @Sendable () -> Void) {
        let box = Unmanaged.passRetained(Box(body))
        let status = pthread_create(
            &handle, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            }, box.toOpaque())
        isStarted = status == 0
        if !isStarted { box.takeRetainedValue().body() }
    }

    package func join() { if isStarted { pthread_join(handle, nil) } }
}

/// How many processors this process may use.
package func processorCount() -> Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
