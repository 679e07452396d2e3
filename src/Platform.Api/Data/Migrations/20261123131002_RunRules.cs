using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Platform.Api.Data.Migrations
{
    /// <inheritdoc />
    public partial class RunRules : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<double>(
                name: "compute_seconds_per_month",
                table: "tenants",
                type: "double precision",
                nullable: true);

            migrationBuilder.AddColumn<double>(
                name: "weight",
                table: "tenants",
                type: "double precision",
                nullable: false,
                defaultValue: 1.0);

            migrationBuilder.AddColumn<Guid[]>(
                name: "inputs",
                table: "runs",
                type: "uuid[]",
                nullable: false,
                defaultValue: new Guid[0]);

            migrationBuilder.AddColumn<bool>(
                name: "is_provisional",
                table: "runs",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<bool>(
                name: "is_shadow",
                table: "runs",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<Guid>(
                name: "rule_id",
                table: "runs",
                type: "uuid",
                nullable: true);

            migrationBuilder.AddColumn<Guid>(
                name: "superseded_by",
                table: "runs",
                type: "uuid",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "deadline_minutes",
                table: "rules",
                type: "integer",
                nullable: true);

            migrationBuilder.AddColumn<Guid[]>(
                name: "depends_on",
                table: "rules",
                type: "uuid[]",
                nullable: false,
                defaultValue: new Guid[0]);

            migrationBuilder.AddColumn<int>(
                name: "provisional_at",
                table: "rules",
                type: "integer",
                nullable: true);

            migrationBuilder.AddColumn<Guid>(
                name: "shadow_of",
                table: "rules",
                type: "uuid",
                nullable: true);

            migrationBuilder.AddColumn<double>(
                name: "compute_seconds",
                table: "attempts",
                type: "double precision",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "device",
                table: "attempts",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "phase_seconds",
                table: "attempts",
                type: "text",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "shadow_findings",
                columns: table => new
                {
                    tenant_id = table.Column<Guid>(type: "uuid", nullable: false),
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    run_id = table.Column<Guid>(type: "uuid", nullable: false),
                    ordinal = table.Column<int>(type: "integer", nullable: false),
                    json = table.Column<string>(type: "text", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_shadow_findings", x => new { x.tenant_id, x.id });
                    table.ForeignKey(
                        name: "fk_shadow_findings_runs_tenant_id_run_id",
                        columns: x => new { x.tenant_id, x.run_id },
                        principalTable: "runs",
                        principalColumns: new[] { "tenant_id", "id" },
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "usage_days",
                columns: table => new
                {
                    tenant_id = table.Column<Guid>(type: "uuid", nullable: false),
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    day = table.Column<DateOnly>(type: "date", nullable: false),
                    model_id = table.Column<Guid>(type: "uuid", nullable: false),
                    device = table.Column<string>(type: "text", nullable: false),
                    attempts = table.Column<int>(type: "integer", nullable: false),
                    compute_seconds = table.Column<double>(type: "double precision", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_usage_days", x => new { x.tenant_id, x.id });
                    table.ForeignKey(
                        name: "fk_usage_days_ai_models_tenant_id_model_id",
                        columns: x => new { x.tenant_id, x.model_id },
                        principalTable: "ai_models",
                        principalColumns: new[] { "tenant_id", "id" },
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateIndex(
                name: "ix_attempts_tenant_id_finished_at",
                table: "attempts",
                columns: new[] { "tenant_id", "finished_at" });

            migrationBuilder.CreateIndex(
                name: "ix_shadow_findings_tenant_id_run_id_ordinal",
                table: "shadow_findings",
                columns: new[] { "tenant_id", "run_id", "ordinal" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_usage_days_tenant_id_day_model_id_device",
                table: "usage_days",
                columns: new[] { "tenant_id", "day", "model_id", "device" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_usage_days_tenant_id_model_id",
                table: "usage_days",
                columns: new[] { "tenant_id", "model_id" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "shadow_findings");

            migrationBuilder.DropTable(
                name: "usage_days");

            migrationBuilder.DropIndex(
                name: "ix_attempts_tenant_id_finished_at",
                table: "attempts");

            migrationBuilder.DropColumn(
                name: "compute_seconds_per_month",
                table: "tenants");

            migrationBuilder.DropColumn(
                name: "weight",
                table: "tenants");

            migrationBuilder.DropColumn(
                name: "inputs",
                table: "runs");

            migrationBuilder.DropColumn(
                name: "is_provisional",
                table: "runs");

            migrationBuilder.DropColumn(
                name: "is_shadow",
                table: "runs");

            migrationBuilder.DropColumn(
                name: "rule_id",
                table: "runs");

            migrationBuilder.DropColumn(
                name: "superseded_by",
                table: "runs");

            migrationBuilder.DropColumn(
                name: "deadline_minutes",
                table: "rules");

            migrationBuilder.DropColumn(
                name: "depends_on",
                table: "rules");

            migrationBuilder.DropColumn(
                name: "provisional_at",
                table: "rules");

            migrationBuilder.DropColumn(
                name: "shadow_of",
                table: "rules");

            migrationBuilder.DropColumn(
                name: "compute_seconds",
                table: "attempts");

            migrationBuilder.DropColumn(
                name: "device",
                table: "attempts");

            migrationBuilder.DropColumn(
                name: "phase_seconds",
                table: "attempts");
        }
    }
}
