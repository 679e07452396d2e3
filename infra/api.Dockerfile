# Build from the root of the tree: docker build -f infra/api.Dockerfile -t platform-api .
FROM node:22-slim AS portal
WORKDIR /portal
COPY src/portal/package.json src/portal/package-lock.json src/portal/.npmrc ./
RUN npm ci
COPY src/portal .
RUN npm run bundle

FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /src
COPY . .
COPY --from=portal /portal/dist src/portal/dist
RUN dotnet publish src/Platform.Api --configuration Release --output /app

FROM mcr.microsoft.com/dotnet/aspnet:10.0
WORKDIR /app
COPY --from=build /app .
# The packages that this version brings along; the host takes of each folder what belongs to a package.
COPY src/models models
ENV ASPNETCORE_HTTP_PORTS=8080 \
    AiModels__Packages__0=models \
    DOTNET_EnableDiagnostics=0
USER $APP_UID
EXPOSE 8080
ENTRYPOINT ["dotnet", "Platform.Api.dll"]
