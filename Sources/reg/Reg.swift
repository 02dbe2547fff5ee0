// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser

/// The root command: only its subcommands do anything.
struct Reg: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reg",
        abstract: "A content-addressed registry for data, models and configs.",
        discussion: """
            Make reg.toml, store artifacts, send them, fetch them elsewhere:

              reg init --registry /mnt/team/registry
              reg add data/ weights/model.safetensors && git commit -am "Add the model"
              reg push
              reg pull

            Exit codes:

              0  success                        8  credentials or permission
              1  differences (--exit-code)      9  local disk or I/O
              2  usage or configuration        10  gate not met
              3  conflict, edited file         11  trust, rolled-back registry
              4  integrity                     12  working tree dirty or unbound
              5  not found                     13  registry lacks a capability
              6  refused as unsafe             14  outcome unknown
              7  registry unreachable          70  internal error
                                              130  interrupted (143: terminated)

            reg run ends as its command does: 126 and 127 say that it did not start.
            """,
        version: "reg 0.1.0",
        subcommands: [
            Init.self, Add.self, Status.self, Push.self, Pull.self, Pin.self, Run.self, Runs.self, Rerun.self,
            Env.self, Use.self, Remove.self, List.self, Log.self, Show.self, Why.self, Diff.self, Cat.self,
            Promote.self, History.self, Rollback.self, Verify.self, Doctor.self, Store.self, Manifest.self,
            Hooks.self, Resolve.self, Completion.self,
        ])
}
