// SPDX-License-Identifier: Apache-2.0
//
// Runs a declarative Jenkinsfile without Jenkins: shell steps for real, the other steps that are known here as far as
// they decide how a build ends. A section or step that is not known fails it, and so does Groovy's own parser.
//
//   groovy pipeline.groovy JENKINSFILE BRANCH        in the workspace; ends with 0, 1 (failure) or 2 (unstable)

class BuildFailure extends RuntimeException {
    BuildFailure(String message) { super(message) }
}

/// What is allowed inside of one kind of block: names, each with what it does.
class Section {
    String name
    Map known

    def methodMissing(String step, arguments) {
        if (!known.containsKey(step)) { throw new BuildFailure("no '$step' in $name") }
        known[step](*arguments)
    }
    def propertyMissing(String name, value) {
        if (!known.containsKey('=')) { throw new BuildFailure("no assignment in ${this.name}") }
        known['='](name, value)
    }
    def propertyMissing(String name) {
        if (!known.containsKey('?')) { throw new BuildFailure("no '$name' in ${this.name}") }
        known['?'](name)
    }
    void call(Closure block) {
        block.delegate = this
        block.resolveStrategy = Closure.DELEGATE_ONLY
        block()
    }
}

class Build {
    String branch
    String result = 'SUCCESS'
    Map environment = [:]
    List archived = []

    def sh(Map options) {
        def words = ['sh', options.returnStatus ? '-x' : '-xe', '-c', options.script]
        def builder = new ProcessBuilder(words).redirectError(ProcessBuilder.Redirect.INHERIT)
        builder.environment().putAll(environment)
        def process = builder.start()
        process.outputStream.close()
        def text = process.inputStream.text
        int status = process.waitFor()
        if (!options.returnStdout) { print text }
        if (options.returnStatus) { return status }
        if (status != 0) { throw new BuildFailure("script returned exit code $status") }
        return options.returnStdout ? text : null
    }

    void archive(Map options) {
        check('archiveArtifacts', options, ['artifacts', 'allowEmptyArchive', 'fingerprint'])
        options.artifacts.split(',').each { pattern ->
            def glob = java.nio.file.FileSystems.default.getPathMatcher("glob:${pattern.trim()}")
            archived += new File('.').list().findAll { glob.matches(java.nio.file.Paths.get(it)) }
        }
    }

    static void check(String what, Map options, List known) {
        def unknown = options.keySet() - known
        if (unknown) { throw new BuildFailure("$what has no $unknown") }
    }

    Map allSteps() {
        def known = [
            sh: { arguments ->
                if (!(arguments instanceof Map)) { arguments = [script: arguments] }
                check('sh', arguments, ['script', 'returnStatus', 'returnStdout', 'label'])
                sh(arguments)
            },
            echo: { text -> println text },
            error: { text -> throw new BuildFailure(text.toString()) },
            unstable: { text -> result = 'UNSTABLE'; println "unstable: $text" },
            archiveArtifacts: { options -> archive(options) },
        ]
        known.script = { Closure block ->
            new Section(name: 'script', known: known + ['?': { name ->
                if (name != 'env') { throw new BuildFailure("no '$name' in script") }
                environment
            }])(block)
        }
        return known
    }

    void stage(String name, Closure block) {
        println "== $name"
        def steps, isWanted = true
        new Section(name: "stage '$name'", known: [
            steps: { steps = it },
            when: { new Section(name: 'when', known: [branch: { isWanted = it == branch }])(it) },
        ])(block)
        if (!steps) { throw new BuildFailure("stage '$name' has no steps") }
        if (isWanted) { new Section(name: 'steps', known: allSteps())(steps) }
    }

    void post(Closure block) {
        def conditions = ['always', 'success', 'unstable', 'failure', 'cleanup'].collectEntries { condition ->
            [condition, { steps ->
                boolean isNow = condition in ['always', 'cleanup'] || condition.toUpperCase() == result
                if (isNow) { new Section(name: condition, known: allSteps())(steps) }
            }]
        }
        new Section(name: 'post', known: conditions)(block)
    }

    void pipeline(Closure block) {
        def stages, after
        def nothing = { Object... ignored -> null }
        def parameter = { options ->
            check('string', options, ['name', 'defaultValue', 'description'])
            environment.putIfAbsent(options.name, System.getenv(options.name) ?: options.defaultValue)
        }
        def credentials = { id -> "a secret, $id" }
        new Section(name: 'pipeline', known: [
            agent: { new Section(name: 'agent', known: [label: nothing])(it) },
            parameters: { new Section(name: 'parameters', known: [string: parameter])(it) },
            options: { new Section(name: 'options', known: [disableConcurrentBuilds: nothing,
                timeout: { check('timeout', it, ['time', 'unit']) }, buildDiscarder: nothing,
                logRotator: { check('logRotator', it, ['numToKeepStr', 'daysToKeepStr']) }])(it) },
            environment: { new Section(name: 'environment', known: [credentials: credentials,
                '=': { name, value -> environment[name] = value.toString() }])(it) },
            stages: { stages = it },
            post: { after = it },
        ])(block)
        try {
            new Section(name: 'stages', known: [stage: { name, body -> stage(name, body) }])(stages)
        } catch (BuildFailure failure) {
            result = 'FAILURE'
            println "error: ${failure.message}"
        }
        if (after) { post(after) }
    }
}

def build = new Build(branch: args[1])
try {
    def shell = new GroovyShell(new Binding(pipeline: { build.pipeline(it) }))
    shell.evaluate(new File(args[0]))
} catch (BuildFailure | org.codehaus.groovy.control.CompilationFailedException failure) {
    build.result = 'FAILURE'
    println "error: ${failure.message}"
}
println "archived: ${build.archived.sort().join(' ')}"
println "result: ${build.result}"
System.exit(['SUCCESS', 'FAILURE', 'UNSTABLE'].indexOf(build.result))
